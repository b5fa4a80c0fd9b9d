import * as tf from '@tensorflow/tfjs-core';
import { serveRun } from '../../../../client/src/fine-tune/serve.ts';

// A GPU that renders no 32-bit floats, as on many phones.
tf.env().set('WEBGL_RENDER_FLOAT32_ENABLED', false);
serveRun();
