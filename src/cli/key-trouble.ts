/** Why a command about master keys cannot do its work: a sentence for the person at the terminal, of ours, without a value. */
export class KeyTrouble extends Error {
  constructor(sentence: string) {
    super(sentence);
    this.name = "KeyTrouble";
  }
}
