/**
 * A saved report as one HTML file: the page, its style and the answers of the API. It is opened from disk, needs no server
 * and can ask nobody for anything: its policy allows exactly this script and this style.
 */
import { SAVED_ID, type SavedAnswers } from './saved-answers.ts';

const base64 = (bytes: Uint8Array): string => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));

async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return `'sha256-${base64(new Uint8Array(digest))}'`;
}

/** No text inside may end the element it stands in; JSON and JavaScript strings have another way to write `<`. */
const inScript = (text: string): string => text.replaceAll(/<(?=\/script|!--|script)/giu, '\\x3C');
const inJson = (text: string): string => text.replaceAll('<', '\\u003c');

export async function savedHtml(content: SavedAnswers, script: string, style: string, icon: string): Promise<string> {
  const data = `data:image/svg+xml;base64,${base64(new TextEncoder().encode(icon))}`;
  const code = inScript(script);
  const look = style.replaceAll(/url\(["']?(?:\.\.\/)?icon\.svg["']?\)/gu, `url(${data})`).replaceAll('</', '<\\/');
  const policy = [
    "default-src 'none'",
    `script-src ${await hashOf(code)}`,
    `style-src ${await hashOf(look)}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta http-equiv="Content-Security-Policy" content="${policy}">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="referrer" content="no-referrer">
    <title>Tapline</title>
    <link rel="icon" href="${data}" type="image/svg+xml">
    <style>${look}</style>
  </head>
  <body>
    <a class="skip" href="#main">Skip to the report</a>
    <div id="app"></div>
    <noscript><p class="notice">This report draws its charts with the script inside it.</p></noscript>
    <script type="application/json" id="${SAVED_ID}">${inJson(JSON.stringify(content))}</script>
    <script type="module">${code}</script>
  </body>
</html>
`;
}
