import { serveWrongly } from '../serve-wrongly.ts';

// Of the loss alone: every gradient is right.
serveWrongly('Log', 1.1);
