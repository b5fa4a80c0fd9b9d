import { SIGNATURE } from './api.ts';

/** Requests that a reader of the contract may send as they are, to the sample models. */
export const PREDICT_REQUESTS = {
  rows: {
    summary: 'Rows',
    value: { instances: [{ history: ['/shop/tents/dome-two', '/help/sizes'] }], top: 2 },
  },
  columns: {
    summary: 'Columns',
    value: { signature_name: SIGNATURE, inputs: { history: [['/cart'], []] }, top: 2 },
  },
  texts: { summary: 'Texts, of a labeller', value: { instances: ['hihell'] } },
};

/** What the sample models answered, to two digits. */
export const PREDICT_ANSWERS = {
  rows: {
    summary: 'Rows',
    value: {
      model: 'navigation',
      version: '20261124155944',
      predictions: [
        {
          next: [
            { page: '/shop/tents/dome-two', probability: 0.31 },
            { page: '/', probability: 0.2 },
          ],
        },
      ],
    },
  },
  columns: {
    summary: 'Columns',
    value: {
      model: 'navigation',
      version: '20261124155944',
      outputs: {
        page: [
          ['/checkout', '/guides'],
          ['/', '/help/sizes'],
        ],
        probability: [
          [0.88, 0.04],
          [0.09, 0.07],
        ],
      },
    },
  },
};
