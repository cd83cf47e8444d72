import { useEffect } from "preact/hooks";
import { isProjecting, JoinCard } from "./join-card.tsx";
import { MetricsView } from "./metrics-view.tsx";
import { place } from "./place.ts";
import { Projector, useProjectorKey } from "./projector.tsx";
import { ReportView } from "./report-view.tsx";
import { enterRoom, room } from "./room.ts";
import { RoomBanners } from "./room-banners.tsx";
import { RoomBar } from "./room-bar.tsx";
import { Settings } from "./settings.tsx";
import { SpendView } from "./spend-view.tsx";
import { Wall } from "./wall.tsx";

/** One workshop; its wall is listened to whichever part of it is looked at. */
export function WorkshopRoom({ workshopId }: { readonly workshopId: string }) {
  useEffect(() => {
    const entered = enterRoom(workshopId);
    room.value = entered;
    return () => {
      entered.leave();
      room.value = null;
    };
  }, [workshopId]);
  useProjectorKey();
  const current = room.value;
  if (current?.workshopId !== workshopId) return null;
  const { view } = place.value;
  return (
    <>
      <RoomBar room={current} />
      <RoomBanners room={current} />
      <main>
        {view === "wall" && <Wall room={current} />}
        {view === "join" && <JoinCard room={current} />}
        {view === "spend" && <SpendView room={current} />}
        {view === "metrics" && <MetricsView room={current} />}
        {view === "report" && <ReportView room={current} />}
        {view === "settings" && <Settings room={current} />}
      </main>
      {isProjecting.value && <Projector room={current} />}
    </>
  );
}
