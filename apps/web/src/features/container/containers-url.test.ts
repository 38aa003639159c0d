import { expect, it } from 'vitest';
import { readView, writeView } from './containers-url.ts';

it('keeps the usual view out of the address', () => {
  expect(writeView(readView(new URLSearchParams()))).toBe('');
});

it.each(['?q=web+1&tenant=acme&status=running&sort=-cpu', '?sort=name', '?show=gone', '?sort=created'])('%s stays as it is', (address) => {
  expect(writeView(readView(new URLSearchParams(address)))).toBe(address);
});

it('passes over what it does not know', () => {
  expect(writeView(readView(new URLSearchParams('?status=exploded&sort=-bogus&show=all')))).toBe('');
});
