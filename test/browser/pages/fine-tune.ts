import * as tf from '@tensorflow/tfjs-core';
import * as pathcast from 'pathcast';
import * as fineTuning from 'pathcast/fine-tune';

/** What tests call through `page.evaluate`. */
const fixture = { ...pathcast, ...fineTuning, tf };

declare global {
  interface Window {
    fixture: typeof fixture;
  }
}

window.fixture = fixture;
