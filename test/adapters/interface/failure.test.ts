import { endFailure, spawnFailure, startFailure, type Failed } from '@tapline/adapters/interface/failure';
import { describe, expect, it } from 'vitest';

const failed = (lines: readonly string[], more: Partial<Failed> = {}): Failed => ({
  interface: 'eth7',
  lines,
  ending: 'exit code 1',
  known: ['eth0', 'lo', 'any'],
  ...more,
});

describe('what is said when tcpdump cannot begin', () => {
  it.each([
    ['libpcap 1.10', ['tcpdump: eth7: No such device exists', '(No such device exists)']],
    ['libpcap 1.5 to 1.9', ['tcpdump: eth7: No such device exists', '(SIOCGIFHWADDR: No such device)']],
    ['libpcap 1.0', ['tcpdump: SIOCGIFHWADDR: No such device']],
    ['macOS', ['tcpdump: eth7: No such device exists', '(BIOCSETIF failed: Device not configured)']],
  ])('names the interfaces there are when there is none of that name (%s)', (_version, lines) => {
    const { code, message } = startFailure(failed(lines, { filter: 'tcp' }));
    expect(code).toBe('USAGE');
    expect(message).toBe('there is no interface eth7: there are eth0, lo, any');
  });

  it.each([
    [
      'libpcap 1.10',
      [
        "tcpdump: eth7: You don't have permission to perform this capture on that device",
        '(socket: Operation not permitted)',
      ],
    ],
    [
      'libpcap 1.10.2 and later',
      [
        "tcpdump: eth7: You don't have permission to perform this capture on that device",
        '(Attempt to create packet socket failed - CAP_NET_RAW may be required)',
      ],
    ],
    [
      'libpcap 1.5 to 1.9',
      ["tcpdump: eth7: You don't have permission to capture on that device", '(socket: Operation not permitted)'],
    ],
    ['libpcap 1.0', ['tcpdump: socket: Operation not permitted']],
    [
      'macOS',
      [
        "tcpdump: eth7: You don't have permission to capture on that device",
        '((no devices found) /dev/bpf0: Permission denied)',
      ],
    ],
  ])('says how to get the permission (%s)', (_version, lines) => {
    const { code, message } = startFailure(failed(lines, { filter: 'tcp' }));
    expect(code).toBe('USAGE');
    expect(message).toMatch(/^no permission to capture eth7: run as root, or .*setcap cap_net_raw=eip/);
  });

  it('says how to bring the interface up', () => {
    const { message } = startFailure(failed(['tcpdump: eth7: That device is not up']));
    expect(message).toBe('the interface eth7 is down: ip link set dev eth7 up');
  });

  it.each([
    ["tcpdump: can't parse filter expression: syntax error", "can't parse filter expression: syntax error"],
    ['tcpdump: syntax error in filter expression: syntax error', 'syntax error in filter expression: syntax error'],
    ['tcpdump: syntax error', 'syntax error'],
    ["tcpdump: unknown host 'nosuch.invalid'", "unknown host 'nosuch.invalid'"],
    ['tcpdump: expression rejects all packets', 'expression rejects all packets'],
  ])('gives the words of tcpdump about a bad expression: %s', (line, words) => {
    const lines = ['tcpdump: WARNING: eth7: no IPv4 address assigned', line];
    expect(startFailure(failed(lines, { filter: 'tcp prot 80' })).message).toBe(
      `bad filter expression "tcp prot 80": ${words}`,
    );
  });

  it('does not blame the expression when tcpdump cannot give up its privileges', () => {
    const lines = ["tcpdump: Couldn't change to 'tcpdump' uid=100 gid=101: Operation not permitted"];
    expect(startFailure(failed(lines, { filter: 'tcp' })).message).toBe(
      "tcpdump cannot capture eth7: Couldn't change to 'tcpdump' uid=100 gid=101: Operation not permitted",
    );
  });

  it('says how tcpdump ended when it said nothing', () => {
    expect(startFailure(failed([], { ending: 'SIGKILL' })).message).toBe(
      'tcpdump cannot capture eth7: tcpdump ended with SIGKILL',
    );
  });

  it('says what a container lacks in which tcpdump may not capture', () => {
    const { message } = spawnFailure(Object.assign(new Error('spawn EPERM'), { code: 'EPERM' }));
    expect(message).toMatch(/^tcpdump may not capture here: .*--cap-add NET_RAW/);
  });

  it('says how to install tcpdump, or to do without', () => {
    const { code, message } = spawnFailure(Object.assign(new Error('spawn tcpdump ENOENT'), { code: 'ENOENT' }));
    expect(code).toBe('USAGE');
    expect(message).toMatch(/^tcpdump is not installed: .*apt-get install tcpdump.* or pipe a capture/);
    expect(message).not.toContain('\n');
  });
});

describe('what is said when a capture ends by itself', () => {
  it.each([
    ['tcpdump: pcap_loop: The interface disappeared', 'pcap_loop: The interface disappeared'],
    ['tcpdump: pcap_loop: The interface went down', 'pcap_loop: The interface went down'],
    ['tcpdump: pcap_loop: read: Device not configured', 'pcap_loop: read: Device not configured'],
  ])('is what tcpdump said: %s', (line, words) => {
    const lines = ['tcpdump: listening on eth7, link-type EN10MB (Ethernet), snapshot length 262144 bytes', line];
    const { code, message } = endFailure(failed(lines));
    expect(code).toBe('CAPTURE_LOST');
    expect(message).toBe(`the capture ended: ${words}`);
  });
});
