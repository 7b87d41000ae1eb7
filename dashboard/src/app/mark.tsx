/** The mark: lines of a queue, and one that is done. */
export function Mark({ size = 24 }: { size?: number }) {
  return (
    <svg aria-hidden viewBox="0 0 32 32" width={size} height={size} className="shrink-0">
      <rect width="32" height="32" rx="9" className="fill-primary" />
      <rect x="7.5" y="8" width="17" height="3.6" rx="1.8" className="fill-on-primary" />
      <rect x="7.5" y="14.2" width="11.5" height="3.6" rx="1.8" className="fill-on-primary" />
      <rect x="7.5" y="20.4" width="8" height="3.6" rx="1.8" className="fill-on-primary" />
      <circle cx="22.3" cy="21.6" r="3.2" className="fill-completed" />
    </svg>
  );
}
