import css from './config.module.css';

/** What is done on the host, as a person would do it in a shell. */
export function Steps({ label, steps }: { label: string; steps: readonly { text: string }[] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and scrolling must work without a pointer
    <section className={css.steps} tabIndex={0} aria-label={label} data-steps={steps.length}>
      <pre>{steps.map(({ text }) => text).join('\n')}</pre>
    </section>
  );
}
