/** The stations of the picture, drawn with the color of the text. */
const LINE = {
  fill: "none",
  stroke: "currentColor",
  strokeWidth: 1.6,
  strokeLinecap: "round",
  strokeLinejoin: "round",
} as const;

export function BrowserIcon() {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true" {...LINE}>
      <rect x="3" y="4.5" width="18" height="15" rx="2.5" />
      <path d="M3 9.5h18M6.4 7h.01M8.8 7h.01" />
    </svg>
  );
}

export function EdgeIcon() {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true" {...LINE}>
      <path d="M12 3.2l7.2 2.6v5.4c0 4.4-2.9 7.9-7.2 9.6-4.3-1.7-7.2-5.2-7.2-9.6V5.8z" />
      <path d="M8.8 12l2.3 2.3 4.2-4.5" />
    </svg>
  );
}

export function ServerIcon() {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true" {...LINE}>
      <rect x="3.5" y="4" width="17" height="7" rx="2" />
      <rect x="3.5" y="13" width="17" height="7" rx="2" />
      <path d="M7 7.5h.01M7 16.5h.01M11 7.5h6M11 16.5h6" />
    </svg>
  );
}
