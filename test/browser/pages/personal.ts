import { createClient, PathcastError } from 'pathcast';
import { createPersonal } from 'pathcast/personal';

/** What tests call through `page.evaluate`: a client and the personal model over it, of the API that the address names. */
const client = createClient({ endpoint: new URLSearchParams(location.search).get('api') ?? '' });
const personal = { client, model: createPersonal({ client }), createClient, createPersonal, PathcastError };

declare global {
  interface Window {
    personal: typeof personal;
  }
}

window.personal = personal;
