import { env } from '@tensorflow/tfjs-core';

// The plain CPU backend is the oracle here on purpose; its advice to install another is noise.
env().set('IS_NODE', false);
