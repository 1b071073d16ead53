package org.massagebilling.hapi;

import ca.uhn.fhir.rest.server.RestfulServer;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/**
 * A HAPI FHIR R4 server over a relational store, in one process, for development and tests: not for patients' data.
 * It binds to loopback unless told otherwise and has no authentication of its own. Once it answers it prints one line,
 * "READY http://host:port/fhir pid=... after=...s db=h2|postgresql"; until then it prints nothing on standard output.
 */
public final class HapiServer {

    private HapiServer() {}

    public static void main(String[] args) throws Exception {
        Settings settings = Settings.read();
        endWith(settings.parent);

        AnnotationConfigApplicationContext beans = new AnnotationConfigApplicationContext();
        beans.getBeanFactory().registerSingleton("settings", settings);
        beans.register(HapiBeans.class);
        beans.refresh();

        HttpConfiguration http = new HttpConfiguration();
        http.setSendServerVersion(false);
        http.setUriCompliance(UriCompliance.UNSAFE); // FHIR searches carry '|' unescaped

        Server server = new Server(new QueuedThreadPool(settings.httpThreads));
        ServerConnector connector = new ServerConnector(server, new HttpConnectionFactory(http));
        connector.setHost(settings.host);
        connector.setPort(settings.port);
        server.addConnector(connector);

        ServletContextHandler context = new ServletContextHandler("/");
        context.getServletHandler().setDecodeAmbiguousURIs(true);
        ServletHolder fhir = new ServletHolder("fhir", beans.getBean(RestfulServer.class));
        fhir.setInitOrder(1);
        context.addServlet(fhir, "/fhir/*");
        server.setHandler(context);

        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                server.stop();
            } catch (Exception ignored) {
                // the process is ending anyway
            }
            beans.close();
        }));
        server.start();

        long up = System.currentTimeMillis() - ManagementFactory.getRuntimeMXBean().getStartTime();
        InetSocketAddress at = new InetSocketAddress(settings.host, connector.getLocalPort());
        System.out.printf("READY http://%s:%d/fhir pid=%d after=%.1fs db=%s%n",
                at.getHostString(), at.getPort(), ProcessHandle.current().pid(), up / 1000.0,
                settings.postgres() ? "postgresql" : "h2"); // the URL itself may hold a password
        server.join();
    }

    private static void endWith(long parent) {
        if (parent == 0) {
            return;
        }
        ProcessHandle.of(parent).ifPresentOrElse(
                process -> process.onExit().thenRun(() -> System.exit(0)), () -> System.exit(0));
    }
}
