/** The options that say how fast a capture is replayed: a speed, or a rate of packets or bits. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { parseSpeed, type ReplaySpeed } from '@tapline/capture-agent/pacer';

export interface SpeedFlags {
  readonly speed?: ReplaySpeed;
  readonly pps?: ReplaySpeed;
  readonly mbps?: ReplaySpeed;
}

/** @param usual what happens when none of them is given, for the help */
export function addSpeedOptions(command: Command, usual: string): Command {
  return command
    .addOption(
      new Option('--speed <speed>', `recorded, top, or a factor such as 10 (default: ${usual})`).argParser(
        parserOf('', 'recorded, top, or a number such as 10'),
      ),
    )
    .addOption(
      new Option('--pps <n>', 'replay at this many packets per second')
        .argParser(parserOf('pps', 'a number such as 50000'))
        .conflicts(['speed', 'mbps']),
    )
    .addOption(
      new Option('--mbps <n>', 'replay at this many megabits per second, counted as on the wire')
        .argParser(parserOf('mbps', 'a number such as 100'))
        .conflicts(['speed', 'pps']),
    );
}

/** The speed that was asked for, if any was. */
export function speedOf({ speed, pps, mbps }: SpeedFlags): ReplaySpeed | undefined {
  return speed ?? pps ?? mbps;
}

function parserOf(unit: string, usable: string): (text: string) => ReplaySpeed {
  return (text) => {
    const speed = parseSpeed(text + unit);
    if (speed === undefined) throw new InvalidArgumentError(`use ${usable}.`);
    return speed;
  };
}
