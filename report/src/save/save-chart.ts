/** A chart as a file: the SVGs of a figure with the colours they have on the page, alone or drawn as PNG. */
import { saveBlob } from '../browser.ts';

const SVG = 'http://www.w3.org/2000/svg';
/** What the page's style says of an SVG, as attributes that any viewer knows. */
const PROPERTIES = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'stroke-opacity',
  'opacity',
  'font-family',
  'font-size',
  'font-weight',
  'text-anchor',
  'visibility',
] as const;
const MARGIN = 16;
const SCALE = 2;

const painted = (svg: SVGSVGElement): SVGSVGElement => {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const originals = [svg, ...svg.querySelectorAll('*')];
  const copies = [copy, ...copy.querySelectorAll('*')];
  originals.forEach((original, index) => {
    const style = getComputedStyle(original);
    const element = copies[index]!;
    for (const name of PROPERTIES) element.setAttribute(name, style.getPropertyValue(name));
    element.removeAttribute('class');
    element.removeAttribute('href');
  });
  return copy;
};

/** Every SVG inside, one below the other under the figure's title, on the colour of the page. */
function picture(inside: Element): { text: string; width: number; height: number } {
  const charts = [...inside.querySelectorAll<SVGSVGElement>('.figure-body svg')].filter((svg) => svg.clientWidth > 60);
  const style = getComputedStyle(inside);
  const whole = document.createElementNS(SVG, 'svg');
  let y = MARGIN;
  let width = 0;
  const caption = (text: string, size: number): void => {
    const line = document.createElementNS(SVG, 'text');
    y += size;
    for (const [name, value] of Object.entries({
      x: MARGIN,
      y,
      fill: style.color,
      'font-size': size,
      'font-weight': 600,
    })) {
      line.setAttribute(name, String(value));
    }
    line.setAttribute('font-family', style.fontFamily);
    line.textContent = text;
    whole.append(line);
    y += 8;
  };
  caption(inside.querySelector('h2')?.textContent ?? '', 17);
  for (const svg of charts) {
    const head = svg.closest('section')?.querySelector('h3')?.textContent;
    if (head) caption(head, 13);
    const copy = painted(svg);
    copy.setAttribute('x', String(MARGIN));
    copy.setAttribute('y', String(y));
    copy.setAttribute('width', String(svg.clientWidth));
    copy.setAttribute('height', String(svg.clientHeight));
    whole.append(copy);
    width = Math.max(width, svg.clientWidth);
    y += svg.clientHeight + 8;
  }
  const [w, height] = [width + 2 * MARGIN, y + MARGIN];
  const ground = document.createElementNS(SVG, 'rect');
  ground.setAttribute('width', '100%');
  ground.setAttribute('height', '100%');
  ground.setAttribute('fill', style.backgroundColor);
  whole.prepend(ground);
  whole.setAttribute('viewBox', `0 0 ${w} ${height}`);
  whole.setAttribute('width', String(w));
  whole.setAttribute('height', String(height));
  return { text: new XMLSerializer().serializeToString(whole), width: w, height };
}

export async function saveChart(name: string, format: 'svg' | 'png', inside: Element): Promise<void> {
  const { text, width, height } = picture(inside);
  if (format === 'svg') {
    saveBlob(`${name}.svg`, new Blob([text], { type: 'image/svg+xml' }));
    return;
  }
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = width * SCALE;
  canvas.height = height * SCALE;
  canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>((resolve) => {
    canvas.toBlob(resolve, 'image/png');
  });
  if (blob !== null) saveBlob(`${name}.png`, blob);
}
