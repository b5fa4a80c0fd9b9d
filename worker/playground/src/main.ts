import { createClient } from 'pathcast';
import { byId } from './dom.ts';
import { describe } from './failure.ts';
import { startRead } from './read.ts';
import { startTeach } from './teach.ts';
import { startWalk } from './walk.ts';

const client = createClient({ endpoint: location.origin });

startWalk(client);
startRead(client);
startTeach(client);
void showState();

/** What the API serves, in a line. */
async function showState(): Promise<void> {
  const line = byId('state', HTMLParagraphElement);
  try {
    const answer: unknown = await client.request('/v1/models', (response) => response.json());
    const { models } = answer as { models: { name: string }[] }; // a wrong shape is reported below
    line.textContent =
      models.length === 0 ? 'No model is served yet' : `Serving ${list(models.map(({ name }) => name))}`;
    line.dataset.state = models.length === 0 ? 'empty' : 'up';
  } catch (error) {
    line.textContent = describe(error);
    line.dataset.state = 'down';
  }
}

function list(names: readonly string[]): string {
  return new Intl.ListFormat('en').format(names);
}
