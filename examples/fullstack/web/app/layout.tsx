import type { ReactNode } from "react";
import { isDemo } from "../lib/demo";
import { Navigation } from "./navigation";
import "./globals.css";

export const metadata = { title: "Tasks" };

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <header>
          <Navigation demo={isDemo()} />
        </header>
        <main>{children}</main>
      </body>
    </html>
  );
}
