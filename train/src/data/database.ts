import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type DuckDBConnection,
  type DuckDBDataChunk,
  DuckDBInstance,
  type DuckDBValue,
} from '@duckdb/node-api';
import bindings from '@duckdb/node-bindings';
import { onInterrupt } from '../interrupt.ts';
import { UserError } from '../user-error.ts';

/** Where a run may put what does not fit into memory, and how much of that it takes. */
export interface Resources {
  /** Folder for what spills; the system's temporary folder by default. It is left as it was found. */
  readonly spill?: string | undefined;
  /** What DuckDB may hold in memory, in GB. */
  readonly memoryGb: number;
}

/** A DuckDB of one run: in memory, spilling to a folder of its own that is gone when it closes. */
export interface Database {
  /** The run's own folder, for spilled and fetched data. */
  readonly folder: string;
  /** Runs statements for what they do. */
  run(sql: string): Promise<void>;
  /** The rows of a query, a record each; BIGINT comes as bigint. */
  rows(sql: string): Promise<Record<string, DuckDBValue>[]>;
  /** The columns of a query, a piece of at most 2,048 rows at a time: nothing is held. */
  stream(sql: string): AsyncGenerator<DuckDBValue[][]>;
  /** Columns of numbers without NULL, as they lie in DuckDB's memory: views, good until the next piece. */
  streamNumbers<const Types extends readonly NumberType[]>(
    sql: string,
    types: Types,
  ): AsyncGenerator<NumberColumns<Types>>;
  close(): Promise<void>;
}

/**
 * Opens a database for one run.
 * @throws UserError when the spill folder cannot be written to.
 */
export async function openDatabase({ spill = tmpdir(), memoryGb }: Resources): Promise<Database> {
  const folder = await makeFolder(spill);
  const remove = () => rm(folder, { recursive: true, force: true });
  const takeBack = onInterrupt(() => rmSync(folder, { recursive: true, force: true }));
  try {
    const instance = await DuckDBInstance.create(':memory:', {
      memory_limit: `${memoryGb}GB`,
      threads: threadsWithin(memoryGb),
      temp_directory: join(folder, 'spill'),
      // Nothing is fetched from outside by itself, and nothing of the user's own settings is read.
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
    const connection = await instance.connect();
    await connection.run("SET TimeZone = 'UTC'"); // for dates without a zone, whatever the machine's is
    const explained = <T>(work: Promise<T>) =>
      work.catch((error: unknown) => {
        throw explain(error, spill, memoryGb);
      });
    return {
      folder,
      run: async (sql) => void (await explained(connection.run(sql))),
      rows: async (sql) => (await explained(connection.runAndReadAll(sql))).getRowObjects(),
      async *stream(sql) {
        for await (const chunk of chunksOf(connection, sql, explained)) yield chunk.getColumns();
      },
      async *streamNumbers(sql, types) {
        for await (const chunk of chunksOf(connection, sql, explained)) yield numberColumns(chunk, types);
      },
      async close() {
        connection.closeSync();
        instance.closeSync();
        takeBack();
        await remove();
      },
    };
  } catch (error) {
    takeBack();
    await remove();
    throw error;
  }
}

/** The one number that a query gives. */
export async function numberOf(database: Database, query: string): Promise<number> {
  const [row] = await database.rows(query);
  return Number(Object.values(row ?? {})[0]);
}

/** A value as SQL text, quoted. */
export function sqlText(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

/** A 63-bit key of this run alone: hashes of visitors mean nothing beyond it. */
export function drawSalt(): string {
  return (randomBytes(8).readBigUInt64BE() >> 1n).toString();
}

async function makeFolder(spill: string): Promise<string> {
  try {
    await mkdir(spill, { recursive: true });
    return await mkdtemp(join(spill, 'pathcast-'));
  } catch (error) {
    throw new UserError(`--spill: ${spill} cannot be written to`, { cause: error });
  }
}

async function* chunksOf(
  connection: DuckDBConnection,
  sql: string,
  explained: <T>(work: Promise<T>) => Promise<T>,
): AsyncGenerator<DuckDBDataChunk> {
  const result = await explained(connection.stream(sql));
  for (;;) {
    const chunk = await explained(result.fetchChunk());
    if (!chunk || chunk.rowCount === 0) return;
    yield chunk;
  }
}

const ARRAYS = { INTEGER: Int32Array, DOUBLE: Float64Array } as const;
type NumberType = keyof typeof ARRAYS;
type NumberColumns<Types extends readonly NumberType[]> = {
  -readonly [Column in keyof Types]: InstanceType<(typeof ARRAYS)[Types[Column]]>;
};

/** Value by value, the client takes longer to hand a column over than DuckDB takes to sort it. */
function numberColumns<Types extends readonly NumberType[]>(
  { chunk, rowCount }: DuckDBDataChunk,
  types: Types,
): NumberColumns<Types> {
  return types.map((type, column) => {
    const { BYTES_PER_ELEMENT } = ARRAYS[type];
    const vector = bindings.data_chunk_get_vector(chunk, column);
    const bytes = bindings.vector_get_data(vector, rowCount * BYTES_PER_ELEMENT);
    return new ARRAYS[type](
      bytes.buffer as ArrayBuffer,
      bytes.byteOffset,
      rowCount,
    ) /* DuckDB's memory is not shared */;
  }) as NumberColumns<Types>; // an array a type, in their order
}

/**
 * How many threads share the memory. What each holds at a time cannot spill: beside too many others it fails or does not by
 * their timing, so each has the 125 MB that DuckDB's guide asks for, and the same data always fits or never does.
 */
function threadsWithin(memoryGb: number): string {
  return String(Math.max(1, Math.min(availableParallelism(), Math.floor(memoryGb / 0.125))));
}

/** What a machine ran out of, as a user's error; anything else stays as it is. */
function explain(error: unknown, spill: string, memoryGb: number): unknown {
  const message = error instanceof Error ? error.message : String(error);
  if (/No space left|Could not write|max_temp_directory_size/i.test(message)) {
    return new UserError(
      `${spill} is full: what does not fit into memory is put there; name another folder with --spill`,
      {
        cause: error,
      },
    );
  }
  if (/Out of Memory/i.test(message)) {
    return new UserError(
      `${memoryGb} GB of memory are not enough for this data; give more with --memory-gb`,
      {
        cause: error,
      },
    );
  }
  return error;
}
