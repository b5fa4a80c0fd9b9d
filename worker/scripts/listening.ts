import { createServer } from 'node:net';
import { UserError } from './command.ts';

/** This machine alone. */
export const LOOPBACK = '127.0.0.1';

/** A server that listens. */
export interface Server {
  /** Without a slash at its end. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Says of a taken port, and of an address that is not this machine's, more than a server does. @throws UserError */
export async function checkPort(port: number, host = LOOPBACK): Promise<void> {
  const probe = createServer();
  await new Promise<void>((free, taken) => {
    probe.once('error', taken).listen(port, host, free);
  }).catch(({ code }: NodeJS.ErrnoException) => {
    if (code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'EADDRNOTAVAIL') {
      throw new UserError(`--host: "${host}" is no address of this machine`);
    }
    const why = code === 'EADDRINUSE' ? 'is in use' : `cannot be listened on (${code})`;
    throw new UserError(`port ${port} ${why}; choose another, or 0 for any`);
  });
  await new Promise((closed) => probe.close(closed));
}
