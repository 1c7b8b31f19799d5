import type { ReactNode } from "react";
import "./globals.css";

export const metadata = { title: "Tasks" };

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <header>
          <nav>
            <a href="/">Tasks</a> <a href="/tasks">My tasks</a> <a href="/me">Me</a>
          </nav>
        </header>
        <main>{children}</main>
      </body>
    </html>
  );
}
