/** A hull cut into three by its bulkheads. */
export function Mark({ size = 20 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 20 20" fill="none" aria-hidden="true">
      <path d="M2 4h16v6c0 3.6-3.4 6-8 6s-8-2.4-8-6z" stroke="currentColor" strokeWidth="1.6" strokeLinejoin="round" />
      <path d="M7.4 4v11.4M12.6 4v11.4" stroke="currentColor" strokeWidth="1.6" />
      <path d="M7.4 9.2h5.2V15c-.8.3-1.7.5-2.6.5s-1.8-.2-2.6-.5z" fill="var(--accent)" />
    </svg>
  );
}
