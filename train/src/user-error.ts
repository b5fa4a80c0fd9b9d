/** Something the user can mend: the message is one clear sentence, and all that the terminal shows. */
export class UserError extends Error {
  override readonly name: string = 'UserError';
  /** What the process ends with. */
  readonly exitCode: number = 1;
}

/** The user told the run to stop, and it has. */
export class StoppedError extends UserError {
  override readonly name = 'StoppedError';
  override readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}
