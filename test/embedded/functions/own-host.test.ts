import { isOwnRequest } from '@tapline/embedded/functions/own-host';
import { describe, expect, it } from 'vitest';

describe('a request to a local function', () => {
  it.each([
    { host: '127.0.0.1:8091' },
    { host: 'LOCALHOST:8091' },
    { host: '127.0.0.1:8091', origin: 'http://127.0.0.1:8091' },
  ])('is own with %j', (headers) => {
    expect(isOwnRequest({ headers }, 8091)).toBe(true);
  });

  it.each([
    {},
    { host: '127.0.0.1' },
    { host: 'evil.example:8091' },
    { host: '127.0.0.1:8091', origin: 'https://evil.example' },
    { host: '127.0.0.1:8091', origin: 'null' },
    { host: '127.0.0.1:8091', origin: 'http://127.0.0.1:8080' },
  ])('comes from elsewhere with %j', (headers) => {
    expect(isOwnRequest({ headers }, 8091)).toBe(false);
  });
});
