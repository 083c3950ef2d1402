/** TCP flags as tcpdump writes them. */

/** Bit positions from FIN up, in the letters and the order of tcpdump 4.99 (AE of RFC 9768 last). */
const LETTERS = ['F', 'S', 'R', 'P', '.', 'U', 'E', 'W', 'e'];

const TEXTS: readonly string[] = Array.from({ length: 512 }, (_, flags) => {
  let text = '';
  for (let bit = 0; bit < LETTERS.length; bit += 1) if ((flags & (1 << bit)) !== 0) text += LETTERS[bit]!;
  return text === '' ? 'none' : text;
});

/** `S`, `S.`, `P.`, `F.`, `R`, `.`, … of the nine TCP flag bits; `none` when no bit is set. */
export function flagsText(tcpFlags: number): string {
  return TEXTS[tcpFlags & 0x1ff]!;
}

/** The bits of what `flagsText` writes; undefined when the text is none of that. */
export function parseFlags(text: string): number | undefined {
  if (text === 'none') return 0;
  let flags = 0;
  for (const letter of text) {
    const bit = LETTERS.indexOf(letter);
    if (bit < 0) return undefined;
    flags |= 1 << bit;
  }
  return text === '' ? undefined : flags;
}
