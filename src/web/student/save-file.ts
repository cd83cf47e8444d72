/** Gives the person a file made here; nothing of it goes anywhere else. */
export function saveFile(name: string, type: "application/json" | "text/plain", text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser reads it after this returns.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
