import { DropMeter } from '@tapline/adapters/interface/drops';
import { describe, expect, it } from 'vitest';

describe('packets that the kernel dropped', () => {
  it('are what its counter grew by, each said once', () => {
    const drops = new DropMeter();
    drops.read(0, 1e6);
    expect(drops.take()).toEqual([]);
    drops.read(5, 2e6);
    drops.read(5, 3e6);
    expect(drops.take()).toEqual([{ packets: 5, timeUs: 2e6 }]);
    drops.read(9, 4e6);
    expect(drops.take()).toEqual([{ packets: 4, timeUs: 4e6 }]);
    expect(drops.take()).toEqual([]);
  });

  it('wait to be taken by the minute in which the counter was read', () => {
    const drops = new DropMeter();
    drops.read(1, 58e6);
    drops.read(3, 59e6);
    drops.read(7, 60e6);
    expect(drops.take()).toEqual([
      { packets: 3, timeUs: 59e6 },
      { packets: 4, timeUs: 60e6 },
    ]);
  });
});
