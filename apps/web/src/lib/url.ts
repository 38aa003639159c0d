/** Sets or removes one parameter of the page's address, which is where a page keeps what it shows. */
export function setParameter(name: string, value: string | undefined, how: 'push' | 'replace'): void {
  const params = new URLSearchParams(window.location.search);
  if (value === undefined || value === '') params.delete(name);
  else params.set(name, value);
  const text = params.toString();
  window.history[`${how}State`](null, '', `${window.location.pathname}${text === '' ? '' : `?${text}`}`);
}
