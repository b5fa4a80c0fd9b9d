import { UserError } from '../../user-error.ts';
import type { Database } from '../database.ts';
import type { Layout, Shape } from '../formats/format.ts';
import { recognise } from '../formats/recognise.ts';
import { type Sample, type SourceFile, takeSample } from '../sources/sample.ts';
import type { Scan } from '../sources/scan.ts';

/**
 * Looks at the beginning of every file and puts those of one layout together, in their order.
 * @throws UserError when a file cannot be read, is of no known shape, or two files are of different formats.
 */
export async function planScans(
  files: readonly SourceFile[],
  shape: Shape,
  database: Database,
): Promise<{ scans: Scan[]; layout: Layout }> {
  const scans: (Scan & { files: SourceFile[]; key: string })[] = [];
  for (const file of files) {
    const sample = await takeSample(file, database);
    // An empty file has no shape; beside others it has nothing to say.
    if (isEmpty(sample) && files.length > 1) continue;
    if (isEmpty(sample)) throw new UserError(`${file.name}: the file is empty`);
    const layout = recognise(sample, shape);
    const [first] = scans;
    if (first && kindOf(first.layout) !== kindOf(layout)) {
      throw new UserError(
        `${first.files[0]?.name} is ${first.layout.format} (${first.layout.description}), ${file.name} is ${layout.format} (${layout.description}): bring files of one kind`,
      );
    }
    const { compression } = sample;
    const isParquet = sample.parquet !== undefined;
    const key = `${compression} ${isParquet} ${layout.rows('scan', 0)}`;
    const last = scans.at(-1);
    if (last?.key === key) last.files.push(file);
    else scans.push({ layout, files: [file], compression, isParquet, key });
  }
  const [first] = scans;
  if (!first) throw new UserError(`${files[0]?.name} and the others are empty`);
  return { scans, layout: first.layout };
}

/** Sessions come of files together only where they name them alike, and all have times or none has. */
function kindOf({ format, hasSessions, hasTimes }: Layout): string {
  return `${format} ${hasSessions} ${hasTimes}`;
}

function isEmpty(sample: Sample): boolean {
  return sample.lines.length === 0 && sample.parquet === undefined;
}
