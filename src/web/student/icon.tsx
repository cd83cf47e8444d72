const PATHS = {
  back: "M11.5 4.5L6 10l5.5 5.5M6.5 10H16",
  ok: "M4 10.5l4 4L16 6",
  failed: "M5 5l10 10M15 5L5 15",
} as const;

/** A sign beside a word that says the same: for eyes only. */
export const Icon = ({ name }: { readonly name: keyof typeof PATHS }) => (
  <svg class="icon" viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">
    <path d={PATHS[name]} />
  </svg>
);
