import * as tf from '@tensorflow/tfjs-core';
import { serveRun } from '../../../../client/src/fine-tune/serve.ts';

// The worker itself, with its tfjs where tests can reach it.
Object.assign(globalThis, { tf });
serveRun();
