package org.massagebilling.hapi;

import ca.uhn.fhir.batch2.jobs.bulkmodify.reindex.ReindexProvider;
import ca.uhn.fhir.batch2.jobs.config.Batch2JobsConfig;
import ca.uhn.fhir.batch2.jobs.export.BulkDataExportProvider;
import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.jpa.api.IDaoRegistry;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings;
import ca.uhn.fhir.jpa.api.config.ThreadPoolFactoryConfig;
import ca.uhn.fhir.jpa.api.dao.DaoRegistry;
import ca.uhn.fhir.jpa.api.dao.IFhirSystemDao;
import ca.uhn.fhir.jpa.batch2.JpaBatch2Config;
import ca.uhn.fhir.jpa.binary.api.IBinaryStorageSvc;
import ca.uhn.fhir.jpa.binstore.DatabaseBinaryContentStorageSvcImpl;
import ca.uhn.fhir.jpa.config.HibernatePropertiesProvider;
import ca.uhn.fhir.jpa.config.r4.JpaR4Config;
import ca.uhn.fhir.jpa.config.util.HapiEntityManagerFactoryUtil;
import ca.uhn.fhir.jpa.config.util.ResourceCountCacheUtil;
import ca.uhn.fhir.jpa.dao.FulltextSearchSvcImpl;
import ca.uhn.fhir.jpa.dao.IFulltextSearchSvc;
import ca.uhn.fhir.jpa.dao.search.HSearchSortHelperImpl;
import ca.uhn.fhir.jpa.dao.search.IHSearchSortHelper;
import ca.uhn.fhir.jpa.model.config.PartitionSettings;
import ca.uhn.fhir.jpa.model.config.SubscriptionSettings;
import ca.uhn.fhir.jpa.provider.DaoRegistryResourceSupportedSvc;
import ca.uhn.fhir.jpa.provider.IJpaSystemProvider;
import ca.uhn.fhir.jpa.provider.JpaCapabilityStatementProvider;
import ca.uhn.fhir.jpa.provider.ValueSetOperationProvider;
import ca.uhn.fhir.jpa.search.DatabaseBackedPagingProvider;
import ca.uhn.fhir.jpa.search.IStaleSearchDeletingSvc;
import ca.uhn.fhir.jpa.search.StaleSearchDeletingSvcImpl;
import ca.uhn.fhir.jpa.subscription.channel.config.SubscriptionChannelConfig;
import ca.uhn.fhir.jpa.subscription.match.config.SubscriptionProcessorConfig;
import ca.uhn.fhir.jpa.subscription.match.deliver.email.IEmailSender;
import ca.uhn.fhir.jpa.subscription.submit.config.SubscriptionSubmitterConfig;
import ca.uhn.fhir.jpa.util.ResourceCountCache;
import ca.uhn.fhir.narrative2.NullNarrativeGenerator;
import ca.uhn.fhir.rest.api.EncodingEnum;
import ca.uhn.fhir.rest.api.IResourceSupportedSvc;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.interceptor.RequestValidatingInterceptor;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import ca.uhn.fhir.rest.server.util.ISearchParamRegistry;
import ca.uhn.fhir.validation.IValidatorModule;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import jakarta.persistence.EntityManagerFactory;
import java.util.List;
import java.util.Properties;
import javax.sql.DataSource;
import org.apache.commons.dbcp2.BasicDataSource;
import org.hibernate.dialect.Dialect;
import org.hl7.fhir.dstu2.model.Subscription.SubscriptionChannelType;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Primary;
import org.springframework.orm.jpa.JpaTransactionManager;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;
import org.springframework.transaction.annotation.EnableTransactionManagement;

/** The beans HAPI's own R4 configuration expects the host to supply, and the servlet that serves them. */
@Configuration
@EnableTransactionManagement
@Import({
    JpaR4Config.class,
    ThreadPoolFactoryConfig.class,
    JpaBatch2Config.class,
    Batch2JobsConfig.class,
    SubscriptionSubmitterConfig.class,
    SubscriptionProcessorConfig.class,
    SubscriptionChannelConfig.class,
})
public class HapiBeans {

    // ---- store ----------------------------------------------------------------------------

    @Bean(destroyMethod = "close")
    public BasicDataSource dataSource(Settings settings) {
        BasicDataSource source = new BasicDataSource();
        source.setUrl(settings.jdbcUrl);
        source.setUsername(settings.jdbcUser);
        source.setPassword(settings.jdbcPassword);
        source.setMaxTotal(settings.jdbcPool);
        source.setMaxIdle(settings.jdbcPool);
        return source;
    }

    private static String dialect(Settings settings) {
        return "ca.uhn.fhir.jpa.model.dialect."
                + (settings.postgres() ? "HapiFhirPostgresDialect" : "HapiFhirH2Dialect");
    }

    @Primary
    @Bean
    public LocalContainerEntityManagerFactoryBean entityManagerFactory(
            DataSource dataSource,
            ConfigurableListableBeanFactory beans,
            FhirContext fhir,
            JpaStorageSettings storage,
            Settings settings) {
        LocalContainerEntityManagerFactoryBean factory =
                HapiEntityManagerFactoryUtil.newEntityManagerFactory(beans, fhir, storage);
        factory.setPersistenceUnitName("HAPI_PU");
        factory.setDataSource(dataSource);
        Properties jpa = new Properties();
        jpa.put("hibernate.dialect", dialect(settings));
        jpa.put("hibernate.hbm2ddl.auto", "update");
        jpa.put("hibernate.jdbc.batch_size", "30");
        jpa.put("hibernate.order_inserts", "true");
        jpa.put("hibernate.order_updates", "true");
        jpa.put("hibernate.cache.use_query_cache", "false");
        jpa.put("hibernate.cache.use_second_level_cache", "false");
        jpa.put("hibernate.search.enabled", "false");
        factory.setJpaProperties(jpa);
        return factory;
    }

    @Primary
    @Bean
    public HibernatePropertiesProvider hibernatePropertiesProvider(Settings settings, DataSource dataSource)
            throws ReflectiveOperationException {
        Dialect dialect = (Dialect) Class.forName(dialect(settings)).getConstructor().newInstance();
        return new HibernatePropertiesProvider() {
            @Override
            public Dialect getDialect() {
                return dialect;
            }

            @Override
            public DataSource getDataSource() {
                return dataSource;
            }
        };
    }

    @Primary
    @Bean
    public JpaTransactionManager transactionManager(EntityManagerFactory factory) {
        return new JpaTransactionManager(factory);
    }

    @Bean
    public JpaStorageSettings storageSettings(Settings settings) {
        JpaStorageSettings storage = new JpaStorageSettings();
        storage.setAllowMultipleDelete(true);
        storage.setExpungeEnabled(true);
        storage.setDeleteExpungeEnabled(true);
        storage.setEnforceReferentialIntegrityOnWrite(settings.referentialIntegrity);
        storage.setEnforceReferentialIntegrityOnDelete(settings.referentialIntegrity);
        storage.setFetchSizeDefaultMaximum(settings.maxPage);
        storage.setMaximumIncludesToLoadPerPage(settings.maxIncludes);
        storage.setMassIngestionMode(settings.massIngestion);
        storage.setReuseCachedSearchResultsForMillis(
                settings.reuseSearchMillis > 0 ? (long) settings.reuseSearchMillis : null);
        storage.setHibernateSearchIndexFullText(false);
        storage.setHibernateSearchIndexSearchParams(false);
        return storage;
    }

    @Bean
    public PartitionSettings partitionSettings() {
        return new PartitionSettings();
    }

    @Bean
    public SubscriptionSettings subscriptionSettings(Settings settings) {
        SubscriptionSettings subscriptions = new SubscriptionSettings();
        if (settings.subscriptions) {
            subscriptions.addSupportedSubscriptionType(SubscriptionChannelType.RESTHOOK);
        }
        return subscriptions;
    }

    @Bean
    public IEmailSender emailSender() {
        return details -> { };
    }

    @Bean
    public IBinaryStorageSvc binaryStorage() {
        return new DatabaseBinaryContentStorageSvcImpl();
    }

    @Bean
    public IFulltextSearchSvc fullTextSearch() {
        return new FulltextSearchSvcImpl();
    }

    @Bean
    public IHSearchSortHelper searchSortHelper(ISearchParamRegistry registry) {
        return new HSearchSortHelperImpl(registry);
    }

    @Bean
    public IStaleSearchDeletingSvc staleSearchDeleting() {
        return new StaleSearchDeletingSvcImpl();
    }

    @Bean
    public IResourceSupportedSvc resourceSupported(IDaoRegistry daos) {
        return new DaoRegistryResourceSupportedSvc(daos);
    }

    @Bean(name = "myResourceCountsCache")
    public ResourceCountCache resourceCounts(IFhirSystemDao<?, ?> dao) {
        return ResourceCountCacheUtil.newResourceCountCache(dao);
    }

    @Bean
    public DatabaseBackedPagingProvider pagingProvider(Settings settings) {
        DatabaseBackedPagingProvider paging = new DatabaseBackedPagingProvider();
        paging.setDefaultPageSize(settings.defaultPage);
        paging.setMaximumPageSize(settings.maxPage);
        return paging;
    }

    // ---- server ---------------------------------------------------------------------------

    @Bean
    public RestfulServer restfulServer(
            Settings settings,
            IFhirSystemDao<?, ?> systemDao,
            DaoRegistry daos,
            IJpaSystemProvider systemProvider,
            ResourceProviderFactory resourceProviders,
            JpaStorageSettings storage,
            ISearchParamRegistry searchParams,
            IValidationSupport validationSupport,
            IValidatorModule validator,
            DatabaseBackedPagingProvider paging,
            BulkDataExportProvider bulkExport,
            ValueSetOperationProvider valueSets,
            ReindexProvider reindex) {
        FhirContext fhir = systemDao.getContext();
        fhir.setNarrativeGenerator(new NullNarrativeGenerator());

        RestfulServer server = new RestfulServer(fhir);
        server.registerProviders(resourceProviders.createProviders());
        server.registerProviders(systemProvider, bulkExport, valueSets, reindex);
        if (settings.payer) {
            server.registerProvider(new TestPayer(daos));
        }

        JpaCapabilityStatementProvider metadata =
                new JpaCapabilityStatementProvider(server, systemDao, storage, searchParams, validationSupport);
        metadata.setImplementationDescription("HAPI FHIR R4 (loopback host)");
        server.setServerConformanceProvider(metadata);

        server.setPagingProvider(paging);
        server.setDefaultResponseEncoding(EncodingEnum.JSON);
        if (settings.validateRequests) {
            RequestValidatingInterceptor validating = new RequestValidatingInterceptor();
            validating.setFailOnSeverity(ResultSeverityEnum.ERROR);
            validating.setValidatorModules(List.of(validator));
            server.registerInterceptor(validating);
        }
        return server;
    }
}
