/** Starts the page: the controller, the keys and the sizes. */
import { ApiClient } from './api/client.ts';
import { SavedReport } from './api/saved-report.ts';
import { Controller } from './controller.ts';
import { listenForKeys } from './keys.ts';

const root = document.getElementById('app')!;
const controller = new Controller(root, (await SavedReport.find()) ?? new ApiClient());

/** The widths charts draw for; they follow the layout of styles/layout.css, where both lengths are set. */
const measure = (): void => {
  const style = getComputedStyle(document.documentElement);
  const length = (name: string): number => Number.parseFloat(style.getPropertyValue(name));
  const [gutter, inset] = [length('--gutter'), length('--inset')];
  const whole = root.clientWidth - 2 * gutter;
  const columns = length('--columns');
  const column = (whole - (columns - 1) * gutter) / columns;
  controller.change({ width: Math.floor(whole - 2 * inset), panelWidth: Math.floor(column - 2 * inset) });
};

new ResizeObserver(measure).observe(root);
window.addEventListener('hashchange', () => {
  controller.follow();
});
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void controller.poll();
});
listenForKeys(controller);
measure();
controller.follow();
