import type { Setup, TensorFlowName } from '../backends/installed.ts';
import type { Gpu } from '../backends/nvidia.ts';

/** Of the tfjs packages. */
const TFJS = '4.22.0';
/** Of PyPI's TensorFlow, and the Python whose wheels are taken: any has the same libraries. */
const TENSORFLOW = '2.21.0';
export const PYTHON = '3.12';

/** Which libraries to fetch: those for this machine, or what another is to run with. */
export const LIBRARIES = ['auto', 'cuda', 'cpu'] as const;
export type Libraries = (typeof LIBRARIES)[number];

/** What is to be set up, as `setup.json` will say it. */
export interface Plan extends Setup {
  readonly name: TensorFlowName;
  /** PyPI's requirement. */
  readonly requirement: string;
  /** Bytes of disk: 1.3 and 6.0 GB unpacked, as measured, and room to unpack them. */
  readonly bytes: number;
}

export function planFor(name: TensorFlowName, libraries: Libraries, gpus: readonly Gpu[]): Plan {
  const cuda = name === 'cuda' && (libraries === 'cuda' || (libraries === 'auto' && gpus.length > 0));
  const requirement = `${cuda ? 'tensorflow' : 'tensorflow-cpu'}==${TENSORFLOW}`;
  return {
    name,
    version: TFJS,
    tensorflow: requirement.replace('==', ' '),
    cuda,
    machine: `${process.platform} ${process.arch} N-API ${process.versions.napi}`,
    requirement,
    bytes: cuda ? 10e9 : 3e9,
  };
}

/** Whether what was set up does what is planned; with CUDA's libraries it computes without a GPU too. */
export function isDone(plan: Plan, found: Setup | undefined): boolean {
  return (
    found?.version === plan.version &&
    found.machine === plan.machine &&
    (found.cuda || !plan.cuda) &&
    (found.tensorflow === OWN || found.tensorflow === plan.tensorflow || isWithCuda(found, plan))
  );
}

/** NVIDIA's and the CPU's TensorFlow of one version. */
function isWithCuda(found: Setup, plan: Plan): boolean {
  return found.cuda && !plan.cuda && found.tensorflow === `tensorflow ${TENSORFLOW}`;
}

/** What `setup.json` calls the package's own TensorFlow. */
export const OWN = 'own';

/** Libraries of CUDA 11 that the package's own TensorFlow, 2.9.1, is linked with. */
const OWN_NEEDS = ['libcudart.so.11.0', 'libcublas.so.11', 'libcudnn.so.8'];

/**
 * Whether the TensorFlow that the package fetches itself suits a GPU: it was compiled for up to Ampere and Ada (8.x), and
 * brings no CUDA of its own; on newer GPUs it would compile each kernel at first use, for half an hour.
 * @param libraries what `ldconfig -p` prints.
 */
export function isOwnFit(plan: Plan, [gpu]: readonly Gpu[], libraries: string): boolean {
  return (
    plan.cuda &&
    gpu !== undefined &&
    gpu.computeCapability < 9 &&
    OWN_NEEDS.every((library) => libraries.includes(library))
  );
}
