/** Something the user can mend: the message is one clear sentence, and all that the terminal shows. */
export class UserError extends Error {
  override readonly name: string = 'UserError';
  /** What the process ends with. */
  readonly exitCode: number = 1;
}
