/** What to undo when the process is told to stop; run once, last first. */
const undos = new Set<() => void>();

/**
 * Registers what must be undone if the user interrupts: it has to be synchronous.
 * @returns a function that takes it back.
 */
export function onInterrupt(undo: () => void): () => void {
  undos.add(undo);
  return () => undos.delete(undo);
}

/** Ends the process cleanly on Ctrl-C and on SIGTERM, with the exit code that shells expect. */
export function handleInterrupts(): void {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.once(signal, () => {
      for (const undo of [...undos].reverse()) undo();
      process.exit(code);
    });
  }
}
