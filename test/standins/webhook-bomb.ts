import { crc32, deflateRawSync, constants as zlib } from "node:zlib";

/** Piece that is compressed once and repeated. */
const PIECE_BYTES = 1024 * 1024;
/** Magic, deflate, no flags, no time, best compression, unknown system (RFC 1952). */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255]);
/** An empty last block with fixed codes (RFC 1951). */
const END = Buffer.from([0x03, 0x00]);

/**
 * A gzip file of zeros, about a thousandth of what it inflates to. One piece is compressed and repeated: it ends on a
 * full flush, so it refers to nothing before it. A gigabyte takes well under a second to make.
 *
 * @param bytes what it inflates to; a multiple of 1 MiB.
 */
export function gzipBomb(bytes: number): Buffer {
  const pieces = bytes / PIECE_BYTES;
  if (!Number.isInteger(pieces) || pieces < 1) throw new RangeError("a bomb has a whole number of mebibytes");
  const zeros = Buffer.alloc(PIECE_BYTES);
  const piece = deflateRawSync(zeros, { level: 9, finishFlush: zlib.Z_FULL_FLUSH });
  let sum = 0;
  for (let made = 0; made < pieces; made += 1) sum = crc32(zeros, sum);
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(sum, 0);
  trailer.writeUInt32LE(bytes % 2 ** 32, 4);
  return Buffer.concat([HEADER, ...Array.from({ length: pieces }, () => piece), END, trailer]);
}
