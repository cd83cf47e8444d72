import { EraseSheet } from "./erase-sheet.tsx";
import { KeySheet } from "./key-sheet.tsx";
import { PhoneSheet } from "./phone-sheet.tsx";
import { RecoverySheet } from "./recovery-sheet.tsx";
import { sheet } from "./session.ts";

/** At most one sheet lies over the page. */
export function Sheets() {
  const close = (): void => {
    sheet.value = null;
  };
  switch (sheet.value) {
    case "key":
      return <KeySheet onClose={close} />;
    case "recovery":
      return <RecoverySheet onClose={close} />;
    case "erase":
      return <EraseSheet onClose={close} />;
    case "phone":
      return <PhoneSheet onClose={close} />;
    case null:
      return null;
  }
}
