'use client';
import { useEffect } from 'react';

/** Copying a shortened number puts the exact one on the clipboard. */
export function useExactCopy(): void {
  useEffect(() => {
    const onCopy = (event: ClipboardEvent) => {
      const selection = document.getSelection();
      const node = selection?.anchorNode;
      if (!selection || !node || selection.isCollapsed) return;
      const element = (node instanceof Element ? node : node.parentElement)?.closest('data[value]');
      if (element === null || element === undefined || selection.toString().trim() !== element.textContent?.trim()) return;
      event.clipboardData?.setData('text/plain', element.getAttribute('value') ?? '');
      event.preventDefault();
    };
    document.addEventListener('copy', onCopy);
    return () => document.removeEventListener('copy', onCopy);
  }, []);
}
