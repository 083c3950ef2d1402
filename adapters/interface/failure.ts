/** What tcpdump says when it cannot capture, in one clear line that says what to do. */
import { PipelineError } from '@tapline/core/errors';

/** As libpcap words them, from 1.0 to today, on Linux and on BSD. */
const NO_SUCH_INTERFACE = /no such device exists|no such device\b|device not configured|no suitable device/i;
const NO_PERMISSION = /you don't have permission|operation not permitted|permission denied/i;
const NOT_UP = /that device is not up|network is down/i;
/** tcpdump could not become the user it was to become. */
const PRIVILEGES = /couldn't (?:find user|change to|initgroups|drop)/i;
/** What is said by the way, when everything is well, too. */
const BY_THE_WAY =
  /^(?:tcpdump: )?(?:WARNING: |data link type |listening on |dropped privs to |verbose output suppressed)/;

export interface Failed {
  readonly interface: string;
  readonly filter?: string | undefined;
  /** What tcpdump printed on standard error. */
  readonly lines: readonly string[];
  /** How it ended: an exit code or a signal. */
  readonly ending: string;
  /** Interfaces that there are. */
  readonly known: readonly string[];
}

/** Why tcpdump did not begin to capture. */
export function startFailure(failed: Failed): PipelineError {
  const { interface: name, filter, known } = failed;
  const words = wordsOf(failed);
  return new PipelineError('USAGE', startProblem(words));

  function startProblem(said: string): string {
    if (NO_PERMISSION.test(said) && !PRIVILEGES.test(said)) {
      return (
        `no permission to capture ${name}: run as root, or let tcpdump capture for everybody who may run it ` +
        `(sudo setcap cap_net_raw=eip "$(command -v tcpdump)")`
      );
    }
    if (NO_SUCH_INTERFACE.test(said)) return `there is no interface ${name}: there are ${known.join(', ')}`;
    if (NOT_UP.test(said)) return `the interface ${name} is down: ip link set dev ${name} up`;
    if (filter !== undefined && !PRIVILEGES.test(said)) return `bad filter expression "${filter}": ${said}`;
    return `tcpdump cannot capture ${name}: ${said}`;
  }
}

const SPAWN_PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'tcpdump is not installed: install it (apt-get install tcpdump, dnf install tcpdump, apk add tcpdump)',
  // Linux refuses a program whose file has a capability that this process could never get (capabilities(7)).
  EPERM: 'tcpdump may not capture here: give the container the capability (--cap-add NET_RAW), or run as root',
};

/** The program that captures is not there, or cannot be run. */
export function spawnFailure(cause: NodeJS.ErrnoException): PipelineError {
  const problem =
    SPAWN_PROBLEMS[cause.code ?? ''] ?? `cannot run tcpdump (${cause.code ?? cause.message}): look at its permissions`;
  const instead = 'or pipe a capture from where it is (ssh HOST tcpdump -U -w - | tapline capture - --live)';
  return new PipelineError('USAGE', `${problem}, ${instead}`, { cause });
}

/** Why a capture that had begun ended by itself. */
export function endFailure(failed: Failed): PipelineError {
  return new PipelineError('CAPTURE_LOST', `the capture ended: ${wordsOf(failed)}`);
}

/** tcpdump's last words, without its name and without what it says by the way. */
function wordsOf({ lines, ending }: Failed): string {
  const said = lines.filter((line) => !BY_THE_WAY.test(line)).map((line) => line.replace(/^tcpdump: /, ''));
  return said.length === 0 ? `tcpdump ended with ${ending}` : said.join(' ');
}
