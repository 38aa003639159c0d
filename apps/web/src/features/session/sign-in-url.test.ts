import { expect, it } from 'vitest';
import { returnPath, signInUrl } from './sign-in-url.ts';

it('leads back to where one came from', () => {
  expect(signInUrl({ pathname: '/containers', search: '?q=a' })).toBe('/sign-in?next=%2Fcontainers%3Fq%3Da');
  expect(returnPath('/containers?q=a')).toBe('/containers?q=a');
});

it.each([null, '', 'https://evil.example', '//evil.example', '/\\evil.example', 'javascript:alert(1)', '/\t/evil.example'])(
  'stays on this server for %j',
  (next) => {
    expect(new URL(returnPath(next), 'http://localhost').origin).toBe('http://localhost');
    expect(returnPath(next).startsWith('//')).toBe(false);
  },
);
