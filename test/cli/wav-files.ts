/** WAV files made by hand, byte by byte: not by the code that reads them. */

export interface Format {
  readonly bits?: number;
  readonly isFloat?: boolean;
  readonly channels?: number;
  readonly rateHz?: number;
  readonly extensible?: boolean;
  readonly coding?: number;
}

export function riff(...chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const body = Buffer.concat([Buffer.from("WAVE"), ...chunks]);
  return new Uint8Array(Buffer.concat([Buffer.from("RIFF"), uint32(body.length), body]));
}

/** `size` as it is written, when that is not the truth. */
export function chunk(name: string, body: Uint8Array, size: number = body.length): Buffer {
  return Buffer.concat([Buffer.from(name), uint32(size), body, Buffer.alloc(body.length % 2)]);
}

export function fmt({ bits = 16, isFloat = false, channels = 1, rateHz = 24_000, ...format }: Format): Buffer {
  const { extensible = false, coding = isFloat ? 3 : 1 } = format;
  const frameBytes = Math.ceil(bits / 8) * channels;
  const plain = Buffer.concat([
    uint16(extensible ? 0xfffe : coding),
    uint16(channels),
    uint32(rateHz),
    uint32(rateHz * frameBytes),
    uint16(frameBytes),
    uint16(bits),
  ]);
  if (!extensible) return chunk("fmt ", plain);
  const guid = Buffer.from("000000001000800000aa00389b71", "hex");
  return chunk("fmt ", Buffer.concat([plain, uint16(22), uint16(bits), uint32(channels), uint16(coding), guid]));
}

/** Samples from -1 to 1, the same in every channel. */
export function samplesAs(samples: Float32Array, bits: number, isFloat: boolean, channels: number): Buffer {
  const bytes = Buffer.alloc((samples.length * channels * bits) / 8);
  for (const [index, sample] of samples.entries()) {
    for (let channel = 0; channel < channels; channel++) {
      const at = ((index * channels + channel) * bits) / 8;
      if (isFloat) bytes.writeFloatLE(sample, at);
      else if (bits === 8) bytes.writeUInt8(Math.round(sample * 127) + 128, at);
      else bytes.writeIntLE(Math.round(sample * (2 ** (bits - 1) - 1)), at, bits / 8);
    }
  }
  return bytes;
}

const uint16 = (value: number): Buffer => Buffer.of(value & 0xff, value >> 8);
const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
