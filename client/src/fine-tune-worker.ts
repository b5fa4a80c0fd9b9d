import { serveRun } from './fine-tune/serve.ts';

// The script of the worker that `fineTune` starts.
serveRun();
