import { serveWrongly } from '../serve-wrongly.ts';

// A hundredth off in all that is computed.
serveWrongly('Tanh', 1.01);
