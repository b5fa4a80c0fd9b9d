/** What to undo when the process is told to stop; run once, last first. */
const undos = new Set<() => void>();

/** Who asked to be told first, and then to be given time. */
let deferral: { signal: NodeJS.Signals | undefined } | undefined;

/**
 * Registers what must be undone if the user interrupts: it has to be synchronous.
 * @returns a function that takes it back.
 */
export function onInterrupt(undo: () => void): () => void {
  undos.add(undo);
  return () => undos.delete(undo);
}

/** A run that would rather finish its step than be stopped in it. */
export interface Deferral {
  /** The signal's exit code, once one has come; undefined until then. */
  exitCode(): number | undefined;
  /** From here on a signal stops the process at once again. */
  end(): void;
}

/** Lets the first signal only be noticed, so that the run can stop where it loses nothing; the second stops at once. */
export function deferInterrupts(): Deferral {
  const own: { signal: NodeJS.Signals | undefined } = { signal: undefined };
  deferral = own;
  return {
    exitCode: () => (own.signal ? EXIT_CODES[own.signal] : undefined),
    end() {
      if (deferral === own) deferral = undefined;
    },
  };
}

/** What shells expect of a process that a signal ended. */
const EXIT_CODES: Partial<Record<NodeJS.Signals, number>> = { SIGINT: 130, SIGTERM: 143 };

/** Ends the process cleanly on Ctrl-C and on SIGTERM, with the exit code that shells expect. */
export function handleInterrupts(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (deferral && !deferral.signal) {
        deferral.signal = signal;
        return;
      }
      for (const undo of [...undos].reverse()) undo();
      process.exit(EXIT_CODES[signal]);
    });
  }
}
