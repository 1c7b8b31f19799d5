"use client";

import { usePathname } from "next/navigation";
import { SignOut } from "./sign-out";

/** The links of every page. `demo`: also to the page "See the edge at work". */
export function Navigation({ demo }: { demo: boolean }) {
  const pathname = usePathname();
  const links = [
    ["/tasks", "My tasks"],
    ["/me", "Me"],
    ...(demo ? [["/edge", "See the edge at work"]] : []),
  ] as [string, string][];
  return (
    <nav aria-label="Main">
      <a className="product" href="/">
        Tasks
      </a>
      {links.map(([path, text]) => (
        <a key={path} href={path} aria-current={path === pathname ? "page" : undefined}>
          {text}
        </a>
      ))}
      <SignOut />
    </nav>
  );
}
