// Node 20 starts a thread from JavaScript alone: this registers tsx in it, then runs the worker.
import { register } from 'tsx/esm/api';

register();
await import('./worker.ts');
