package org.massagebilling.hapi;

import java.util.Locale;

/**
 * Everything that can be set, each as -Dhapi.name=... or the environment variable HAPI_NAME (dots become underscores).
 * The default is an empty H2 database in memory; -Dhapi.jdbc.url=jdbc:postgresql://... keeps the data in PostgreSQL.
 */
public final class Settings {

    final String host = text("host", "127.0.0.1");
    /** 0 lets the system choose a free port; the READY line names it. */
    final int port = number("port", 0);
    /** The server ends when the process with this id does, so that a killed test run leaves none behind; 0: never. */
    final long parent = number("parent", 0);
    final int httpThreads = number("http.threads", 32);
    final String jdbcUrl = text("jdbc.url", "jdbc:h2:mem:hapi;DB_CLOSE_DELAY=-1");
    final String jdbcUser = text("jdbc.user", "sa");
    final String jdbcPassword = text("jdbc.password", "");
    final int jdbcPool = number("jdbc.pool", 24);
    final int defaultPage = number("page.default", 50);
    final int maxPage = number("page.max", 1000);
    /** HAPI drops further _include/_revinclude results of a page beyond this many, without a word. */
    final int maxIncludes = number("includes.max", 1000);
    /** How long an identical search may be answered from an earlier one; 0 switches that off. */
    final int reuseSearchMillis = number("search.reuse.millis", 0);
    final boolean referentialIntegrity = flag("referential.integrity", true);
    /** Spares lookups of targets and matches a bulk load does not need; false is what a live server uses. */
    final boolean massIngestion = flag("mass.ingestion", false);
    final boolean validateRequests = flag("validate.requests", false);
    final boolean subscriptions = flag("subscriptions", true);
    final boolean payer = flag("payer", true);

    private Settings() {}

    static Settings read() {
        return new Settings();
    }

    boolean postgres() {
        return jdbcUrl.startsWith("jdbc:postgresql:");
    }

    private static String text(String name, String otherwise) {
        String property = System.getProperty("hapi." + name);
        if (property != null) {
            return property;
        }
        String variable = System.getenv("HAPI_" + name.toUpperCase(Locale.ROOT).replace('.', '_'));
        return variable != null ? variable : otherwise;
    }

    private static int number(String name, int otherwise) {
        return Integer.parseInt(text(name, Integer.toString(otherwise)));
    }

    private static boolean flag(String name, boolean otherwise) {
        return Boolean.parseBoolean(text(name, Boolean.toString(otherwise)));
    }
}
