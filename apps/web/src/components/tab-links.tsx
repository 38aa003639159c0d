import { Link } from './link.tsx';
import css from './tab-links.module.css';

/** Parts of a page, each with an address of its own. */
export function TabLinks({ label, tabs }: { label: string; tabs: readonly { href: string; word: string; isShown: boolean }[] }) {
  return (
    <nav className={css.tabs} aria-label={label}>
      {tabs.map(({ href, word, isShown }) => (
        <Link key={href} className={css.tab} href={href} aria-current={isShown ? 'page' : undefined}>
          {word}
        </Link>
      ))}
    </nav>
  );
}
