/**
 * A step cannot be done. The message is a sentence or two for the person at the terminal: our own words, no text from outside
 * and no secret.
 */
export class SetupTrouble extends Error {
  override readonly name = "SetupTrouble";
}
