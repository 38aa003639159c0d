'use client';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import table from './table.module.css';

/** Lets a wide table scroll by itself. Where it does, it takes the focus, so that it also scrolls without a pointer. */
export function TableScroll({ label, children }: { label: string; children: ReactNode }) {
  const element = useRef<HTMLElement>(null);
  const [scrolls, setScrolls] = useState(false);
  useEffect(() => {
    const scroller = element.current;
    if (scroller === null) return;
    const measure = () => setScrolls(scroller.scrollWidth > scroller.clientWidth);
    const observer = new ResizeObserver(measure);
    observer.observe(scroller);
    if (scroller.firstElementChild !== null) observer.observe(scroller.firstElementChild);
    return () => observer.disconnect();
  }, []);
  return (
    <section ref={element} className={table.scroll} aria-label={label} {...(scrolls ? { tabIndex: 0 } : {})}>
      {children}
    </section>
  );
}
