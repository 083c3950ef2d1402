/** What runs inside the page before its own script: notes frames, long tasks, and when what was answered is drawn. */

export interface Probe {
  /** Milliseconds between animation frames; `frames` of them are filled. */
  readonly deltas: Float64Array;
  frames: number;
  readonly longTasksMs: number[];
  /** For each answer with newer traffic: how long ago its newest second had begun when it was drawn. */
  readonly delaysMs: number[];
}

declare global {
  interface Window {
    probe: Probe;
  }
}

export function installProbe(frames: number): void {
  const probe: Probe = { deltas: new Float64Array(frames), frames: 0, longTasksMs: [], delaysMs: [] };
  window.probe = probe;
  let last = performance.now();
  const frame = (now: number): void => {
    if (probe.frames < probe.deltas.length) probe.deltas[probe.frames++] = now - last;
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) probe.longTasksMs.push(duration);
  }).observe({ entryTypes: ['longtask'] });
  let newestUs = 0;
  const ask = window.fetch.bind(window);
  window.fetch = async (...values) => {
    const response = await ask(...values);
    if (response.status !== 200 || !response.url.includes('/overview')) return response;
    // The page's own reading of it: what is drawn of it is drawn after that.
    const read = response.json.bind(response);
    response.json = async () => {
      const answer = (await read()) as { series: { startUs: number[] } };
      note(answer);
      return answer;
    };
    return response;
  };
  const note = ({ series }: { series: { startUs: number[] } }): void => {
    const secondUs = series.startUs.at(-1) ?? 0;
    if (secondUs <= newestUs) return;
    const isFirst = newestUs === 0;
    newestUs = secondUs;
    const drawn = new MutationObserver(() => {
      drawn.disconnect();
      requestAnimationFrame(() =>
        setTimeout(() => {
          if (!isFirst) probe.delaysMs.push(Date.now() - secondUs / 1000);
        }),
      );
    });
    drawn.observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
  };
}
