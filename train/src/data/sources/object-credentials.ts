import { z } from 'zod';
import { UserError } from '../../user-error.ts';

/** What an object store's URL says. */
export interface Address {
  readonly url: string;
  readonly scheme: string;
  readonly bucket: string;
  /** An exact key, or a glob. */
  readonly key: string;
}

const text = z
  .string()
  .optional()
  .transform((value) => value?.trim() || undefined);
const word = text.refine((value = '') => /^[a-z\d-]*$/i.test(value), 'must be letters, digits and hyphens');
const endpoint = text.refine(
  (value) => value === undefined || (/^https?:\/\//i.test(value) && URL.canParse(value)),
  'must be a URL that starts with http:// or https://',
);

const environment = z.object({
  AWS_ACCESS_KEY_ID: text,
  AWS_SECRET_ACCESS_KEY: text,
  AWS_SESSION_TOKEN: text,
  AWS_REGION: word,
  AWS_DEFAULT_REGION: word,
  AWS_ENDPOINT_URL_S3: endpoint,
  AWS_ENDPOINT_URL: endpoint,
  R2_ACCOUNT_ID: word,
  R2_ACCESS_KEY_ID: text,
  R2_SECRET_ACCESS_KEY: text,
  R2_ENDPOINT: endpoint,
});

/** Where a store is, and who asks. */
export interface Connection {
  readonly region: string;
  /** Undefined for Amazon's own. */
  readonly endpoint: string | undefined;
  readonly credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string | undefined };
}

/**
 * What the environment says of a store.
 * @throws UserError naming the variables that are missing or malformed.
 */
export function connectionTo({ url, scheme }: Address, env: unknown): Connection {
  const { data: given, error } = environment.safeParse(env);
  if (error) {
    const [issue] = error.issues;
    throw new UserError(`${url}: the environment's ${issue?.path.join()} ${issue?.message}`);
  }
  const r2 = scheme === 'r2';
  // A pair is taken whole: half of each would be denied without saying why.
  const own = r2 && (given.R2_ACCESS_KEY_ID ?? given.R2_SECRET_ACCESS_KEY) !== undefined;
  const accessKeyId = own ? given.R2_ACCESS_KEY_ID : given.AWS_ACCESS_KEY_ID;
  const secretAccessKey = own ? given.R2_SECRET_ACCESS_KEY : given.AWS_SECRET_ACCESS_KEY;
  const sessionToken = own ? undefined : given.AWS_SESSION_TOKEN;
  const r2Endpoint =
    given.R2_ENDPOINT ?? (given.R2_ACCOUNT_ID && `https://${given.R2_ACCOUNT_ID}.r2.cloudflarestorage.com`);
  const endpoint = r2 ? r2Endpoint : (given.AWS_ENDPOINT_URL_S3 ?? given.AWS_ENDPOINT_URL);
  if (!accessKeyId || !secretAccessKey || (r2 && !endpoint)) {
    const names = r2
      ? 'R2_ACCOUNT_ID, R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY'
      : 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY';
    throw new UserError(`${url}: to read it, set ${names} in the environment`);
  }
  const region = r2 ? 'auto' : (given.AWS_REGION ?? given.AWS_DEFAULT_REGION ?? 'us-east-1');
  return { region, endpoint, credentials: { accessKeyId, secretAccessKey, sessionToken } };
}
